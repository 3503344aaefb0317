//! What there is to ask for.

use http::Method;

/// The part of the paths that is for operators alone.
const OPERATORS: &str = "/admin/v1";

/// Who may ask for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever reaches the listener.
    Everybody,
    /// Who has the token. Also for what does not exist, so that nobody else can tell what does.
    Operators,
}

/// Who may ask for `path`.
pub(super) fn access(path: &str) -> Access {
    match path.strip_prefix(OPERATORS) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Access::Operators,
        _ => Access::Everybody,
    }
}

/// Something there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'p> {
    /// The metrics.
    Metrics,
    /// Whether the process can serve.
    Health,
    /// Whether new connections are welcome.
    Readiness,
    /// This API's description.
    OpenApi,
    /// The node.
    Node,
    /// The reports.
    Reports,
    /// All bans.
    Bans,
    /// One ban.
    Ban(&'p str),
    /// The removal of a user.
    Kick(&'p str),
    /// The end of the node.
    Drain,
}

impl<'p> Resource<'p> {
    /// What there is at `path`.
    pub(super) fn at(path: &'p str) -> Option<Self> {
        let whole = match path {
            "/metrics" => Self::Metrics,
            "/healthz" => Self::Health,
            "/readyz" => Self::Readiness,
            "/admin/v1/openapi.json" => Self::OpenApi,
            "/admin/v1/node" => Self::Node,
            "/admin/v1/reports" => Self::Reports,
            "/admin/v1/bans" => Self::Bans,
            "/admin/v1/drain" => Self::Drain,
            _ => {
                let (collection, name) = path.rsplit_once('/')?;
                return match collection {
                    _ if name.is_empty() => None,
                    "/admin/v1/bans" => Some(Self::Ban(name)),
                    "/admin/v1/kick" => Some(Self::Kick(name)),
                    _ => None,
                };
            }
        };
        Some(whole)
    }

    /// What can be done with it. Whoever may GET may HEAD.
    pub(super) const fn methods(self) -> &'static [Method] {
        match self {
            Self::Metrics | Self::Health | Self::Readiness | Self::OpenApi | Self::Node | Self::Reports => {
                &[Method::GET]
            }
            Self::Bans => &[Method::GET, Method::POST],
            Self::Ban(_) => &[Method::DELETE],
            Self::Kick(_) | Self::Drain => &[Method::POST],
        }
    }

    /// The same as the `Allow` header says it.
    pub(super) const fn allow(self) -> &'static str {
        match self {
            Self::Metrics | Self::Health | Self::Readiness | Self::OpenApi | Self::Node | Self::Reports => {
                "GET, HEAD"
            }
            Self::Bans => "GET, HEAD, POST",
            Self::Ban(_) => "DELETE",
            Self::Kick(_) | Self::Drain => "POST",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_below_the_operators_path_is_theirs() {
        for path in [
            "/admin/v1",
            "/admin/v1/",
            "/admin/v1/bans",
            "/admin/v1/nothing/at/all",
        ] {
            assert_eq!(access(path), Access::Operators, "{path}");
        }
        for path in [
            "/",
            "/metrics",
            "/healthz",
            "/admin",
            "/admin/v10/bans",
            "/ADMIN/v1/bans",
        ] {
            assert_eq!(access(path), Access::Everybody, "{path}");
        }
    }

    #[test]
    fn nothing_of_the_operators_is_found_outside_their_path() {
        for path in [
            "/admin//v1/bans",
            "//admin/v1/bans",
            "/bans/1",
            "/kick/1",
            "/admin/v1/bans/",
            "/admin/v1/bans/1/2",
        ] {
            assert_eq!(Resource::at(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_with_a_name_is_told_from_the_collection() {
        assert_eq!(Resource::at("/admin/v1/bans"), Some(Resource::Bans));
        assert_eq!(Resource::at("/admin/v1/bans/7"), Some(Resource::Ban("7")));
        assert_eq!(Resource::at("/admin/v1/kick/abc"), Some(Resource::Kick("abc")));
        assert_eq!(Resource::at("/admin/v1/kick"), None);
    }
}

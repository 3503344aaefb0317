//! Settings of the node itself: section `node`.

use passerby_domain::id::NodeId;
use serde::{Deserialize, Serialize};

use super::text;

/// Settings of the node itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSettings {
    /// The unique name of the node; none stands for a random one at each start.
    #[serde(with = "text::optional")]
    pub id: Option<NodeId>,
}

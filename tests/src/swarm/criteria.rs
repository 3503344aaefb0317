//! What a user of the swarm asks for.

use fastrand::Rng;
use serde_json::{Value, json};

const INTERESTS: [&str; 5] = ["tea", "rust", "chess", "opera", crate::swarm::CANARY_INTEREST];
const LANGUAGES: [&str; 3] = ["en", "de", "fr"];

/// Interests, a language and a mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Criteria {
    interests: Vec<&'static str>,
    language: Option<&'static str>,
    pub(super) mode: &'static str,
}

impl Criteria {
    pub(super) fn random(dice: &mut Rng) -> Self {
        let interests = INTERESTS.into_iter().filter(|_| dice.u8(..10) < 3).collect();
        let language = (dice.u8(..10) < 5).then(|| LANGUAGES[dice.usize(..LANGUAGES.len())]);
        Self {
            interests,
            language,
            mode: if dice.u8(..10) < 2 { "video" } else { "text" },
        }
    }

    pub(super) fn query(&self) -> String {
        let mut query = format!("mode={}", self.mode);
        if !self.interests.is_empty() {
            query = format!("{query}&interests={}", self.interests.join(","));
        }
        self.language
            .map_or(query.clone(), |language| format!("{query}&language={language}"))
    }

    pub(super) fn join(&self) -> Value {
        let mut command =
            json!({"type": "join", "id": "join", "interests": self.interests, "mode": self.mode});
        if let Some(language) = self.language {
            command["language"] = json!(language);
        }
        command
    }
}

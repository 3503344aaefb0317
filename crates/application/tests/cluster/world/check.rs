//! Whether all agree in the end.

use super::World;
use crate::client::Place;
use passerby_domain::id::ChatId;

impl World {
    /// Whether all agree about who is where. `most` may wait.
    pub(crate) fn check(&self, most: Option<usize>) {
        self.ledger.check_answers();
        let mut present: Vec<(usize, ChatId)> = Vec::new();
        let mut waiting = 0;
        for (who, person) in self.people.iter().enumerate() {
            let (Some(link), Some(client)) = (&person.link, &person.client) else {
                panic!("{who} has no connection");
            };
            if link.has_resent {
                let present = client.chat();
                let open = client
                    .unanswered
                    .iter()
                    .filter(|(_, chat)| Some(**chat) == present);
                assert_eq!(open.count(), 0, "{who} has no answer: {:?}", client.unanswered);
            }
            match client.place {
                Place::Idle => assert_ne!(client.wants, Some(true), "{who} wants a partner and is idle"),
                Place::Waiting => waiting += 1,
                Place::Chatting(chat) => present.push((who, chat)),
                Place::Between => panic!("{who} was told of the end and not of what follows"),
            }
        }
        for (who, chat) in &present {
            let partners = present.iter().filter(|(other, of)| other != who && of == chat);
            assert_eq!(partners.count(), 1, "{who} is alone in {chat}");
        }
        if let Some(most) = most {
            assert!(waiting <= most, "{waiting} wait for each other");
        }
        let online: u64 = (0..self.cluster.size())
            .map(|node| self.cluster[node].own_census().online)
            .sum();
        let users: Vec<_> = self
            .people
            .iter()
            .filter_map(|person| Some(person.client.as_ref()?.user))
            .collect();
        let mut strays = self.cluster.store.known();
        strays.retain(|user| !users.contains(user));
        assert_eq!(
            online,
            self.people.len() as u64,
            "there are seats of nobody, or none of somebody; the store knows of {strays:?}"
        );
        let mut stored = self.cluster.store.chatting();
        stored.sort_unstable();
        let mut told: Vec<_> = present
            .iter()
            .filter_map(|(who, chat)| Some((self.people[*who].client.as_ref()?.user, *chat)))
            .collect();
        told.sort_unstable();
        assert_eq!(stored, told, "the store knows of other chats");
        assert_eq!(
            self.cluster.store.waiting().len(),
            waiting,
            "the store knows of others who wait"
        );
    }
}

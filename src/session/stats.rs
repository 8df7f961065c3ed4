//! Counters of a session: cheap, public, and what tests hold the message budgets against.

/// What a session has done and what it holds. Taken by [`crate::Peer::stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Frames sent; a preface is no frame, a part is one.
    pub frames_sent: u64,
    /// Frames received.
    pub frames_received: u64,
    /// Messages sent, HELLO among them; the parts of one message count once.
    pub messages_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Bytes of frames sent.
    pub bytes_sent: u64,
    /// Bytes of frames received.
    pub bytes_received: u64,
    /// CALLs sent.
    pub calls_sent: u64,
    /// CALLs received.
    pub calls_received: u64,
    /// Times that somebody here waited for the peer.
    pub round_trips: u64,
    /// Objects of ours that the peer holds.
    pub exports: u64,
    /// Objects of the peer's that we hold.
    pub imports: u64,
    /// Calls of ours without a final RETURN, or held as promises.
    pub questions: u64,
    /// Calls of the peer's that are running, queued or kept.
    pub answers: u64,
    /// Of them, those that were returned, and are kept until the peer lets them go.
    pub answers_kept: u64,
    /// Types that we described.
    pub types_described: u64,
    /// Types that the peer described.
    pub types_known: u64,
    /// Messages waiting to be sent.
    pub queued: u64,
    /// Ids waiting to be released.
    pub releases_queued: u64,
    /// Messages in parts, both ways.
    pub transfers: u64,
    /// Lanes with calls in order.
    pub orders: u64,
    /// Bytes of messages waiting to be sent, about.
    pub queued_bytes: u64,
    /// Bytes of arguments and results charged to the peer's account.
    pub answers_bytes: u64,
    /// Bytes held of messages that are arriving in parts.
    pub arriving_bytes: u64,
}

impl Stats {
    /// Messages sent and received.
    pub fn messages(&self) -> u64 {
        self.messages_sent + self.messages_received
    }

    /// Frames sent and received.
    pub fn frames(&self) -> u64 {
        self.frames_sent + self.frames_received
    }

    /// Whether nothing is held, owed or waiting: what every test looks at in its end.
    pub fn is_idle(&self) -> bool {
        let held = self.exports + self.imports + self.questions + self.answers;
        held + self.queued + self.releases_queued + self.transfers + self.orders == 0
    }
}

impl super::Session {
    /// The counters, and the sizes of the tables.
    pub fn stats(&self) -> Stats {
        Stats {
            exports: self.exports.len() as u64,
            imports: self.imports.len() as u64,
            questions: self.questions.len() as u64,
            answers: self.answers.len() as u64,
            answers_kept: u64::from(self.answers_kept),
            types_described: self.types_out.len() as u64,
            types_known: self.types_in.len() as u64,
            queued: self.outbox.len() as u64,
            releases_queued: self.let_go.len() as u64,
            transfers: (self.outgoing.len() + self.incoming.len()) as u64,
            orders: self.orders.len() as u64,
            queued_bytes: self.outbox.bytes(),
            answers_bytes: self.answers_bytes,
            arriving_bytes: self.incoming.bytes(),
            ..self.stats
        }
    }

    /// Counts one wait of somebody here for the peer.
    pub fn count_round_trip(&mut self) {
        self.stats.round_trips += 1;
    }
}

//! Every ceiling of a session: its name, its default, its unit, and the attack it stops.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The ceilings of one session. A peer that goes past one is refused, or loses the session; it never costs more memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// What the peer is told in HELLO, so that an honest one never meets a ceiling.
    pub told: Told,
    /// Nesting of values within a message, in levels. Stops stack overflow by deep values.
    pub value_depth_max: u32,
    /// Values in one message, each container and each element counted. Stops cheap bytes that make dear objects.
    pub value_nodes_max: u32,
    /// Values in one message if shared ones are counted wherever they stand, and for every 64 bytes of a text or of bytes
    /// that is shared so one more. Stops a small lattice that unfolds into an endless tree.
    pub value_weight_max: u32,
    /// Length of a text, in bytes of UTF-8. Stops giant names and texts where short ones are meant.
    pub text_len_max: u32,
    /// Length of an integer's magnitude, in bytes. Stops arithmetic that takes for ever.
    pub bigint_len_max: u32,
    /// Length of a member's, parameter's or exported name, in bytes. Stops names made to fill tables and logs.
    pub name_len_max: u32,
    /// Names in one path. Stops a small call that makes much work.
    pub path_len_max: u32,
    /// Attributes brought along for each element by one call. Stops a small call that makes much work.
    pub prefetch_len_max: u32,
    /// Length of one shape on the wire, in bytes. Stops giant type descriptions.
    pub shape_len_max: u32,
    /// Members of one shape. Stops giant type descriptions.
    pub shape_members_max: u32,
    /// Bases of one shape. Stops lattices of types.
    pub shape_bases_max: u32,
    /// Ancestors of one shape. Stops lattices of types.
    pub shape_lineage_max: u32,
    /// Shapes that a peer may describe in one session, revisions not counted. Stops endlessly new types.
    pub shapes_max: u32,
    /// Length of all shapes that a peer may describe in one session, revisions counted, in bytes. Stops types that are
    /// described again and again.
    pub types_bytes_max: u64,
    /// References to our objects that a peer may hold. Stops a peer that never releases.
    pub exports_max: u32,
    /// References to a peer's objects that it may make us hold. Stops a peer that floods us with references.
    pub imports_max: u32,
    /// Answers kept for a peer after they were returned, and promises held of a peer. Stops a peer that keeps and never
    /// releases.
    pub answers_kept_max: u32,
    /// Bytes of arguments and results held for a peer's calls that are running, queued or kept. Stops small calls
    /// that hold much.
    pub answers_bytes_max: u64,
    /// Bytes in the queue of outgoing messages. Callers wait for room; stops a peer that does not read.
    pub queue_bytes_max: u64,
    /// Bytes beyond the queue for what a reader owes: refusals, credit. A peer that fills them loses the session.
    pub reserve_bytes_max: u64,
    /// Time in which a frame must leave. A peer that takes none for so long loses the session; stops one that does not
    /// read, and goes on holding what waits for it.
    pub send_time_max: Duration,
    /// Calls of one peer that are at work at once, each on a thread; nested ones do not count. Stops a peer that takes
    /// all of a node's threads.
    pub workers_max: u32,
    /// Calls nested in one chain. Stops runaway recursion between two sides.
    pub chain_depth_max: u32,
    /// Messages that may be arriving in parts at once. Stops a peer that begins and never ends.
    pub transfers_max: u32,
    /// Bytes held of messages arriving in parts. Charged as they arrive.
    pub transfers_bytes_max: u64,
    /// Wrong ids forgiven before the session ends. Stops guessing.
    pub strikes_max: u32,
    /// Longest run of a peer's names for one error: causes, contexts, group members. Stops exception bombs.
    pub error_parts_max: u32,
    /// Value types that a peer may announce. Stops an endless HELLO.
    pub value_types_max: u32,
    /// Bytes of the peer's containers that are copied for one argument or result that wants them whole, what they share
    /// counted wherever it stands. Stops a container that never ends, and one that holds others without end.
    pub copied_bytes_max: u64,
}

/// The ceilings that one side tells the other in its HELLO.
///
/// A peer that has not heard them keeps to [`Told::FLOOR`]. So a side that tells less must know that its peers send less
/// before they hear: a longer first frame ends the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Length of one frame, in bytes. Longer messages come in parts.
    pub frame_len_max: u32,
    /// Length of one message, in bytes, parts put together.
    pub message_len_max: u32,
    /// References in one frame.
    pub frame_refs_max: u32,
    /// Shapes in one frame.
    pub frame_shapes_max: u32,
    /// Calls of the peer that may be running or queued at once; nested calls do not count.
    pub calls_max: u32,
}

impl Told {
    /// What holds for a peer whose HELLO has not come yet.
    pub const FLOOR: Told = Told {
        frame_len_max: 64 << 10,
        message_len_max: 1 << 20,
        frame_refs_max: 1024,
        frame_shapes_max: 64,
        calls_max: 64,
    };
}

impl Default for Told {
    fn default() -> Self {
        Self {
            frame_len_max: 256 << 10,
            message_len_max: 64 << 20,
            frame_refs_max: 16_384,
            frame_shapes_max: 256,
            calls_max: 1024,
        }
    }
}

impl Limits {
    /// Answers that may stand at once: calls that count, calls kept, and as many nested ones again. Stops a peer that
    /// nests calls side by side.
    pub fn answers_max(&self) -> usize {
        2 * (self.told.calls_max as usize + self.answers_kept_max as usize)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            told: Told::default(),
            value_depth_max: 64,
            value_nodes_max: 262_144,
            value_weight_max: 1 << 22,
            text_len_max: 16 << 20,
            bigint_len_max: 8 << 10,
            name_len_max: 255,
            path_len_max: 64,
            prefetch_len_max: 16,
            shape_len_max: 32 << 10,
            shape_members_max: 1024,
            shape_bases_max: 16,
            shape_lineage_max: 64,
            shapes_max: 1024,
            types_bytes_max: 8 << 20,
            exports_max: 131_072,
            imports_max: 131_072,
            answers_kept_max: 4096,
            answers_bytes_max: 128 << 20,
            queue_bytes_max: 4 << 20,
            reserve_bytes_max: 256 << 10,
            send_time_max: Duration::from_secs(30),
            workers_max: 64,
            chain_depth_max: 512,
            transfers_max: 16,
            transfers_bytes_max: 128 << 20,
            strikes_max: 16,
            error_parts_max: 16,
            value_types_max: 256,
            copied_bytes_max: COPIED_BYTES_MAX,
        }
    }
}

/// Caretakers on the way from an attenuated reference to its object, when one is attenuated that was attenuated before.
/// Stops a peer that has what it holds attenuated again and again.
pub const ATTENUATIONS_MAX: u32 = 64;

/// Bytes of containers that are copied for one argument or result that wants them whole, where no limits say otherwise:
/// of containers of this side that a peer was handed. Stops one that stands in many places.
pub const COPIED_BYTES_MAX: u64 = 256 << 20;

/// Credit of a stream that its caller did not set otherwise: bytes of RETURN payload.
pub const CREDIT_BYTES: u64 = 1 << 20;
/// Credit of a stream that its caller did not set otherwise: items.
pub const CREDIT_ITEMS: u64 = 65_536;
/// Bytes of a batch held back before they leave all the same.
pub const HOLD_BYTES: usize = 32 << 10;
/// Bytes of items in one RETURN of a stream, unless one item alone is longer.
pub const RETURN_BYTES: usize = 192 << 10;
/// Longest preface, in bytes.
pub const PREFACE_LEN_MAX: usize = 64;

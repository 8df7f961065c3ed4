//! Who is connected how: nodes, sessions between them, carriers, limits, and the callers at the top.

use super::carrier::Pace;
use super::rng::Rng;

/// Who is connected how.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The nodes.
    pub nodes: Vec<NodeSetup>,
    /// The sessions.
    pub links: Vec<LinkSetup>,
    /// The callers at the top, by the node that each belongs to.
    pub actors: Vec<usize>,
    /// HELLOs are exchanged before anything else.
    pub greeted: bool,
    /// How far along, in hundredths, a carrier is cut.
    pub cut_at: Option<usize>,
}

/// One node.
#[derive(Clone, Debug)]
pub struct NodeSetup {
    /// How many calls of new chains it runs at once.
    pub workers: usize,
    /// Calls that it lets a peer have out at once.
    pub calls_max: u32,
    /// Bytes of its queue of outgoing messages.
    pub queue_bytes_max: u64,
    /// Objects that it exports by name.
    pub roots: usize,
    /// Items of the list that it exports.
    pub list_len: usize,
}

/// One session.
#[derive(Clone, Debug)]
pub struct LinkSetup {
    /// The nodes at its ends.
    pub nodes: [usize; 2],
    /// How its carriers take their time, by the end that sends.
    pub paces: [Pace; 2],
    /// Longest frame, in bytes.
    pub frame_len_max: usize,
}

/// Sessions as pairs of nodes.
const SHAPES: [&[[usize; 2]]; 10] = [
    &[[0, 1]],
    &[[0, 1]],
    &[[0, 1]],
    &[[0, 1], [1, 2]],
    &[[0, 1], [2, 1]],
    &[[0, 1], [1, 2], [2, 3]],
    &[[0, 1], [0, 1]],
    &[[0, 1], [1, 2], [2, 0]],
    &[[0, 1], [1, 2], [2, 1]],
    &[[0, 1], [0, 2], [0, 3]],
];

pub(super) fn setup(rng: &mut Rng) -> Setup {
    let pairs = SHAPES[rng.below(SHAPES.len())];
    let nodes_len = pairs.iter().flatten().max().map_or(0, |last| last + 1);
    // A call that a middle passes on counts there if the call that it is nested in was one-way, or came by another
    // session: where calls travel far, those that are allowed could all wait for one that is not. So only few are
    // allowed where there is nowhere to go on to, more in a tree, and as many as anybody wants in a ring.
    let small = rng.chance(50);
    let calls_max = match (pairs.len(), nodes_len) {
        (1, _) if small => (2, 12),
        (links, nodes) if small && links < nodes => (48, 80),
        _ => (1024, 1024),
    };
    let node = |rng: &mut Rng| NodeSetup {
        workers: rng.between(1, 3) as usize,
        calls_max: rng.between(calls_max.0, calls_max.1) as u32,
        queue_bytes_max: if rng.chance(25) { rng.between(200, 4000) } else { 4 << 20 },
        roots: rng.between(1, 3) as usize,
        list_len: rng.below(120),
    };
    let nodes: Vec<NodeSetup> = (0..nodes_len).map(|_| node(rng)).collect();
    let links = pairs.iter().map(|nodes| link(rng, *nodes)).collect();
    let mut actors: Vec<usize> = (0..nodes_len).filter(|_| rng.chance(70)).collect();
    actors.extend((0..rng.between(1, 2)).map(|_| rng.below(nodes_len)));
    // Before a HELLO has come its sender's limits are not known, and may be below the floor.
    let greeted = small || rng.chance(50);
    let cut_at = rng.chance(25).then(|| rng.below(100));
    Setup { nodes, links, actors, greeted, cut_at }
}

fn link(rng: &mut Rng, nodes: [usize; 2]) -> LinkSetup {
    let frame_len_max = if rng.chance(35) { rng.between(600, 1500) as usize } else { 256 << 10 };
    LinkSetup { nodes, paces: [pace(rng), pace(rng)], frame_len_max }
}

fn pace(rng: &mut Rng) -> Pace {
    match rng.below(100) {
        0..25 => Pace::ByBytes,
        25..50 => Pace::ByFrames { delay_max: rng.between(1, 100), capacity: 64 << 10 },
        50..75 => Pace::ByFrames { delay_max: rng.between(100, 5000), capacity: 64 << 10 },
        _ => Pace::ByFrames { delay_max: rng.between(10, 1000), capacity: rng.between(1, 3000) as usize },
    }
}

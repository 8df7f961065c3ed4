//! Random data of every kind that serde knows, there and back.

use std::collections::BTreeMap;

use super::*;

/// How many pieces of data, and how deep they may be.
const PIECES: u64 = 10_000;
const DEPTH: u32 = 5;

/// Random numbers that are the same each time: splitmix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// An integer of any length in bits, so that short ones come up too.
    pub(super) fn wide(&mut self) -> u128 {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        wide >> self.below(128)
    }

    /// A float by its bits, not a number included.
    pub(super) fn float(&mut self) -> f64 {
        f64::from_bits(self.next())
    }

    pub(super) fn char(&mut self) -> char {
        char::from_u32(self.below(0x11_0000) as u32).unwrap_or('\0')
    }

    pub(super) fn text(&mut self) -> String {
        (0..self.below(6)).map(|_| self.char()).collect()
    }

    fn many<T>(&mut self, make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut make = make;
        (0..self.below(5)).map(|_| make(self)).collect()
    }
}

/// A float that equals itself.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
struct Bits(f64);

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Fields {
    first: Any,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second: Option<Any>,
    rest: BTreeMap<u64, Any>,
}

/// Data of every kind.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Any {
    Nothing,
    Unit(()),
    Bool(bool),
    Signed(i8, i16, i32, i64, i128),
    Unsigned { a: u8, b: u16, c: u32, d: u64, e: u128 },
    Floats(f32, Bits),
    Char(char),
    Text(String),
    Buffer(Buffer),
    Maybe(Option<Box<Any>>),
    List(Vec<Any>),
    Pair(Box<(Any, Any)>),
    Array(Box<[Any; 3]>),
    Fields(Box<Fields>),
    Tuple(Box<Any>, Vec<u8>),
    Struct { left: Box<Any>, right: Result<Box<Any>, String> },
    ByInt(BTreeMap<i128, Any>),
    ByText(BTreeMap<String, Any>),
    ByKey(BTreeMap<(bool, Option<char>, Vec<u8>, Buffer), Any>),
}

impl Any {
    fn random(random: &mut Random, depth: u32) -> Self {
        // The first nine kinds hold no others.
        match random.below(if depth == 0 { 9 } else { 19 }) {
            0 => Any::Nothing,
            1 => Any::Unit(()),
            2 => Any::Bool(random.below(2) == 1),
            3 => {
                let wide = random.wide().cast_signed();
                Any::Signed(wide as i8, wide as i16, wide as i32, wide as i64, wide)
            }
            4 => {
                let wide = random.wide();
                Any::Unsigned { a: wide as u8, b: wide as u16, c: wide as u32, d: wide as u64, e: wide }
            }
            5 => Any::Floats((random.below(1 << 24) as f32) / 256.0, Bits(random.float())),
            6 => Any::Char(random.char()),
            7 => Any::Text(random.text()),
            8 => Any::Buffer(Buffer(random.many(|random| random.next() as u8))),
            kind => Self::compound(kind, random, depth - 1),
        }
    }

    fn compound(kind: u64, random: &mut Random, depth: u32) -> Self {
        let any = |random: &mut Random| Self::random(random, depth);
        match kind {
            // What holds none, or a unit, would come back as `None` itself.
            9 => Any::Maybe((random.below(2) == 1).then(|| Box::new(any(random)))),
            10 => Any::List(random.many(any)),
            11 => Any::Pair(Box::new((any(random), any(random)))),
            12 => Any::Array(Box::new([any(random), any(random), any(random)])),
            13 => Any::Fields(Box::new(Fields {
                first: any(random),
                second: (random.below(2) == 1).then(|| any(random)),
                rest: random.many(|random| (random.next(), any(random))).into_iter().collect(),
            })),
            14 => Any::Tuple(Box::new(any(random)), random.many(|random| random.next() as u8)),
            15 => {
                let right = if random.below(2) == 1 { Ok(Box::new(any(random))) } else { Err(random.text()) };
                Any::Struct { left: Box::new(any(random)), right }
            }
            16 => Any::ByInt(random.many(|random| (random.wide().cast_signed(), any(random))).into_iter().collect()),
            17 => Any::ByText(random.many(|random| (random.text(), any(random))).into_iter().collect()),
            _ => {
                let key = |random: &mut Random| {
                    let char = (random.below(2) == 1).then(|| random.char());
                    let bytes = random.many(|random| random.next() as u8);
                    (random.below(2) == 1, char, bytes.clone(), Buffer(bytes))
                };
                Any::ByKey(random.many(|random| (key(random), any(random))).into_iter().collect())
            }
        }
    }
}

#[test]
fn random_data_comes_back() {
    let mut random = Random(1);
    for piece in 0..PIECES {
        let data = Any::random(&mut random, DEPTH);
        let value = serialize(&data).unwrap_or_else(|error| panic!("{piece}: {error}: {data:?}"));
        let back = deserialize::<Any>(value.clone()).unwrap_or_else(|error| panic!("{piece}: {error}: {value:?}"));
        assert_eq!(back, data, "{piece}: {value:?}");
    }
}

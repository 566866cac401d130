//! Thousands of slightly broken texts and bytes: nothing panics, and whatever is taken is what
//! `DynamicMessage` takes and survives the way there and back.

use prost::Message as _;
use prost_reflect::DynamicMessage;

use super::fixture;
use crate::transcode::{PrintOptions, ReadOptions, Scratch, UnknownAny};

const ROUNDS: usize = 6_000;

const CORPUS: &[(&str, &str)] = &[
    (
        "transcode.third.Scalars",
        r#"{"aDouble":1.5,"aFloat":-2.25,"anInt32":-1,"anInt64":"-9223372036854775808","aUint64":"18446744073709551615","aBool":true,"aString":"h\u00e9\n\ud83d\ude00/\/","aBytes":"AQID","aColor":"BLUE","maybeInt32":0,"maybeColor":0}"#,
    ),
    (
        "transcode.third.Lists",
        r#"{"doubles":[1,2.5],"int32s":[1,-1,300],"bools":[true,false],"strings":["","a","\t"],"nodes":[{},{"name":"x"}],"values":[null,1,"a",{"b":[null]}],"times":["2024-01-01T00:00:00Z"],"int32Values":[0,1,"2"]}"#,
    ),
    (
        "transcode.third.Maps",
        r#"{"labels":{"a":"b","":""},"ints":{"1":"2","-3":4},"flags":{"true":"RED","false":0},"nodes":{"5":{"name":"n"}},"values":{"a":null,"b":[1]},"durations":{"d":"1.5s"}}"#,
    ),
    ("transcode.third.Choice", r#"{"text":"","no":false}"#),
    ("transcode.third.Choice", r#"{"value":null,"yes":true}"#),
    (
        "transcode.third.Known",
        r#"{"timestamp":"2024-05-06T07:08:09.123456789Z","duration":"-1.5s","mask":"a,fooBar.baz","struct":{"a":1,"b":[true,null]},"list":[1,[2]],"int64Value":"5","bytesValue":"AQ==","any":{"@type":"t/transcode.third.Money","units":"5"},"anys":[{"@type":"t/google.protobuf.Duration","value":"1s"}],"nullValue":null}"#,
    ),
    (
        "transcode.second.Old",
        r#"{"id":1,"result":{"url":"u","part":[{"size":1},{}]},"level":"LOW","packedNumbers":[1,2],"[transcode.second.ext_number]":5,"next":{"id":2},"levelMap":{"a":"HIGH"}}"#,
    ),
];

/// A small generator of its own, so that a failure repeats.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }

    /// Changes one byte or a few.
    fn mutate(&mut self, bytes: &mut Vec<u8>, alphabet: &[u8]) {
        let at = self.roll(bytes.len());
        let new = alphabet[self.roll(alphabet.len())];
        match self.roll(5) {
            _ if bytes.is_empty() => bytes.push(new),
            0 => bytes[at] = new,
            1 => bytes.insert(at, new),
            2 => {
                bytes.remove(at);
            }
            3 => {
                let end = bytes.len().min(at + self.roll(12));
                let piece = bytes[at..end].to_vec();
                let to = self.roll(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                let end = bytes.len().min(at + self.roll(8));
                bytes.drain(at..end);
            }
        }
    }
}

#[test]
fn mutated_json_is_refused_or_means_what_the_judge_reads() {
    let (pool, plans) = fixture();
    let mut dice = Dice(88_172_645_463_325_252);
    let mut scratch = Scratch::default();
    let (read, print) = (ReadOptions::default(), PrintOptions::default());
    for round in 0..ROUNDS {
        let (message, json) = CORPUS[round % CORPUS.len()];
        let descriptor = pool.get_message_by_name(message).unwrap();
        let plan = plans.find(message).unwrap();
        let mut json = json.as_bytes().to_vec();
        for _ in 0..=dice.roll(2) {
            dice.mutate(
                &mut json,
                b"{}[]\",:0123456789-+.eEtrufalsn\\/ \x00\xc3\xa9zZTs@=_",
            );
        }
        let text = String::from_utf8_lossy(&json);
        let mut wire = Vec::new();
        if let Err(error) = plans.to_wire(plan, &json, &read, &mut scratch, &mut wire) {
            assert!(
                error.offset.is_some_and(|at| at <= json.len()),
                "{error}: {text}"
            );
            assert!(wire.is_empty());
            continue;
        }
        let ours = DynamicMessage::decode(descriptor.clone(), wire.as_slice()).unwrap();
        let mut deserializer = serde_json::Deserializer::from_slice(&json);
        // The judge refuses a few things that are right, such as -0 for an enum.
        if let Ok(theirs) = DynamicMessage::deserialize(descriptor.clone(), &mut deserializer) {
            let theirs = theirs.encode_to_vec();
            let theirs = DynamicMessage::decode(descriptor.clone(), theirs.as_slice()).unwrap();
            assert_eq!(ours, theirs, "{text}");
        }
        let mut printed = Vec::new();
        plans
            .to_json(plan, &wire, &print, &mut scratch, &mut printed)
            .unwrap();
        let mut again = Vec::new();
        plans
            .to_wire(plan, &printed, &read, &mut scratch, &mut again)
            .unwrap();
        let again = DynamicMessage::decode(descriptor, again.as_slice()).unwrap();
        assert_eq!(ours, again, "{text}");
    }
}

#[test]
fn mutated_wire_bytes_print_what_can_be_read_again_or_nothing() {
    let (_, plans) = fixture();
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let mut scratch = Scratch::default();
    let read = ReadOptions::default();
    let print = PrintOptions {
        unknown_any: UnknownAny::Base64,
        ..PrintOptions::default()
    };
    let every: Vec<u8> = (0..=255).collect();
    for round in 0..ROUNDS {
        let (message, json) = CORPUS[round % CORPUS.len()];
        let plan = plans.find(message).unwrap();
        let mut wire = Vec::new();
        plans
            .to_wire(plan, json.as_bytes(), &read, &mut scratch, &mut wire)
            .unwrap();
        for _ in 0..=dice.roll(3) {
            dice.mutate(&mut wire, &every);
        }
        let mut printed = Vec::new();
        match plans.to_json(plan, &wire, &print, &mut scratch, &mut printed) {
            Ok(()) => {
                serde_json::from_slice::<serde_json::Value>(&printed).unwrap();
            }
            Err(_) => assert!(printed.is_empty()),
        }
    }
}

//! Valid messages, both ways, against the judge: 10,000 pairs of a schema and a message.

use prost::Message as _;
use prost_reflect::{DynamicMessage, SerializeOptions};
use transom::transcode::PrintOptions;

use super::judge::{SCHEMAS, STRICTER_ON_WIRE, agree, equal, judge_prints, property, same, value};
use super::messages;

#[test]
fn valid_messages_agree_both_ways() {
    property(SCHEMAS, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let message = messages::message(dice, &descriptor);
        let theirs = judge_prints(&message, &SerializeOptions::new())?;

        // JSON to wire, spaced out every now and then.
        let text = if dice.once_in(4) {
            serde_json::to_string_pretty(&value(&theirs)).unwrap()
        } else {
            theirs.clone()
        };
        let wire = setting
            .read(plan, text.as_bytes())
            .map_err(|error| format!("{error}: {text}"))?;
        let read = DynamicMessage::decode(descriptor.clone(), wire.as_slice())
            .map_err(|error| format!("{error}: {text}"))?;
        if !same(&read, &message) {
            return Err(format!("read {read} for {text}"));
        }

        // Wire to JSON, and that back again.
        let wire = message.encode_to_vec();
        let ours = setting
            .print(plan, &wire, &PrintOptions::default())
            .map_err(|error| format!("{error}: {theirs}"))?;
        if !equal(&value(&ours), &value(&theirs)) {
            return Err(format!("printed {ours} for {theirs}"));
        }
        let wire = setting
            .read(plan, ours.as_bytes())
            .map_err(|error| format!("{error}: {ours}"))?;
        let read = DynamicMessage::decode(descriptor.clone(), wire.as_slice())
            .map_err(|error| format!("{error}: {ours}"))?;
        if !same(&read, &message) {
            return Err(format!("came back as {read} from {ours}"));
        }
        Ok(())
    });
}

/// Two encodings, one after the other, are one message: scalars are overruled, messages merge.
#[test]
fn joined_messages_merge_like_the_judges() {
    property(SCHEMAS / 4, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let mut wire = Vec::new();
        for _ in 0..2 + dice.below(2) {
            wire.extend(messages::message(dice, &descriptor).encode_to_vec());
        }
        let theirs = DynamicMessage::decode(descriptor, wire.as_slice()).unwrap();
        let theirs = judge_prints(&theirs, &SerializeOptions::new());
        let ours = setting.print(plan, &wire, &PrintOptions::default());
        match &ours {
            Err(ours) if STRICTER_ON_WIRE.iter().any(|why| ours.contains(why)) => Ok(()),
            // One's type and the other's payload in an `Any`.
            Ok(_)
                if theirs
                    .as_ref()
                    .is_err_and(|why| why.contains("error decoding")) =>
            {
                Ok(())
            }
            _ => agree(&ours, &theirs, || format!("{wire:x?}")),
        }
    });
}

#[test]
fn options_print_like_the_judges() {
    property(SCHEMAS / 4, |dice, setting| {
        let (descriptor, plan) = setting.pick(dice);
        let message = messages::message(dice, &descriptor);
        let options = PrintOptions {
            emit_defaults: dice.once_in(2),
            proto_names: dice.once_in(2),
            enum_numbers: dice.once_in(2),
            ..PrintOptions::default()
        };
        let theirs = SerializeOptions::new()
            .skip_default_fields(!options.emit_defaults)
            .use_proto_field_name(options.proto_names)
            .use_enum_numbers(options.enum_numbers);
        let theirs = judge_prints(&message, &theirs);
        agree(
            &setting.print(plan, &message.encode_to_vec(), &options),
            &theirs,
            || format!("{options:?}"),
        )
    });
}

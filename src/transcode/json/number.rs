//! JSON numbers: the grammar, and their exact conversion to each protobuf kind, in time linear in
//! their digits and without rounding an integer through a double.

use crate::transcode::plan::Kind;
use crate::transcode::wire::write::Scalar;

/// A number as it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number<'t> {
    /// All of it.
    pub(crate) text: &'t [u8],
    negative: bool,
    /// Its magnitude if it has neither fraction nor exponent and fits.
    whole: Option<u64>,
}

/// Why a number has no place in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It is not written as a number.
    Syntax,
    /// An integer was expected.
    Fraction,
    /// It is too large or too small.
    Range,
}

impl Misfit {
    /// As the end of "expected an int32, found … ".
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Syntax => "which is not a number",
            Self::Fraction => "which is not an integer",
            Self::Range => "which is out of range",
        }
    }
}

/// The longest number at the beginning of `text`, by the grammar of JSON: no `+`, no leading
/// zeros, digits on both sides of the point.
pub(crate) fn scan(text: &[u8]) -> Option<Number<'_>> {
    let negative = text.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let digits_at = at;
    let mut whole = Some(0u64);
    if text.get(at) == Some(&b'0') {
        at += 1;
    } else {
        let mut small = 0u64;
        while let Some(digit) = digit(text, at) {
            // Nineteen digits cannot overflow.
            small = small.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        whole = match at - digits_at {
            0 => return None,
            1..=19 => Some(small),
            20 => text
                .get(digits_at..at)?
                .iter()
                .try_fold(0u64, |value, byte| {
                    value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
                }),
            _ => None,
        };
    }
    if text.get(at) == Some(&b'.') {
        whole = None;
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        whole = None;
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Some(Number {
        text: text.get(..at)?,
        negative,
        whole,
    })
}

fn digit(text: &[u8], at: usize) -> Option<u64> {
    let digit = text.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

/// Where a run of at least one digit ends.
fn digits(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let len = rest
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(rest.len());
    (len > 0).then_some(from + len)
}

/// A numeric text that stands alone (a quoted number, a map key, a URL value) as `kind`.
pub(crate) fn parse(kind: Kind, text: &[u8]) -> Result<Scalar, Misfit> {
    if let Some(special) = special(text) {
        match kind {
            Kind::Double => return Ok(Scalar::Fixed64(special.to_bits())),
            Kind::Float => return Ok(Scalar::Fixed32((special as f32).to_bits())),
            _ => {}
        }
    }
    match scan(text) {
        Some(number) if number.text.len() == text.len() => number.scalar(kind),
        _ => Err(Misfit::Syntax),
    }
}

fn special(text: &[u8]) -> Option<f64> {
    match text {
        b"NaN" => Some(f64::NAN),
        b"Infinity" => Some(f64::INFINITY),
        b"-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

impl Number<'_> {
    /// The number as a value of `kind`; enums take any int32. Kinds that are not numeric
    /// refuse every number.
    pub(crate) fn scalar(&self, kind: Kind) -> Result<Scalar, Misfit> {
        Ok(match kind {
            Kind::Int32 | Kind::Enum(_) => Scalar::Varint(i64::from(self.int32()?) as u64),
            Kind::Int64 => Scalar::Varint(self.int64()? as u64),
            Kind::Uint32 => Scalar::Varint(u64::from(self.uint32()?)),
            Kind::Uint64 => Scalar::Varint(self.uint64()?),
            Kind::Sint32 => {
                let value = self.int32()?;
                Scalar::Varint(u64::from(((value << 1) ^ (value >> 31)) as u32))
            }
            Kind::Sint64 => {
                let value = self.int64()?;
                Scalar::Varint(((value << 1) ^ (value >> 63)) as u64)
            }
            Kind::Fixed32 => Scalar::Fixed32(self.uint32()?),
            Kind::Fixed64 => Scalar::Fixed64(self.uint64()?),
            Kind::Sfixed32 => Scalar::Fixed32(self.int32()? as u32),
            Kind::Sfixed64 => Scalar::Fixed64(self.int64()? as u64),
            Kind::Double => Scalar::Fixed64(self.double()?.to_bits()),
            Kind::Float => Scalar::Fixed32(self.float()?.to_bits()),
            Kind::Bool | Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Group(_) => {
                return Err(Misfit::Syntax);
            }
        })
    }

    /// The number as a double; what rounds to infinity is out of range.
    pub(crate) fn double(&self) -> Result<f64, Misfit> {
        match std::str::from_utf8(self.text).map(str::parse::<f64>) {
            Ok(Ok(value)) if value.is_finite() => Ok(value),
            _ => Err(Misfit::Range),
        }
    }

    /// Not through a double, which would round twice.
    fn float(&self) -> Result<f32, Misfit> {
        match std::str::from_utf8(self.text).map(str::parse::<f32>) {
            Ok(Ok(value)) if value.is_finite() => Ok(value),
            _ => Err(Misfit::Range),
        }
    }

    fn int32(&self) -> Result<i32, Misfit> {
        i32::try_from(self.int64()?).map_err(|_| Misfit::Range)
    }

    fn uint32(&self) -> Result<u32, Misfit> {
        u32::try_from(self.uint64()?).map_err(|_| Misfit::Range)
    }

    fn int64(&self) -> Result<i64, Misfit> {
        let magnitude = self.magnitude()?;
        let value = if self.negative {
            0i64.checked_sub_unsigned(magnitude)
        } else {
            i64::try_from(magnitude).ok()
        };
        value.ok_or(Misfit::Range)
    }

    fn uint64(&self) -> Result<u64, Misfit> {
        match self.magnitude()? {
            0 => Ok(0),
            _ if self.negative => Err(Misfit::Range),
            magnitude => Ok(magnitude),
        }
    }

    fn magnitude(&self) -> Result<u64, Misfit> {
        match self.whole {
            Some(whole) => Ok(whole),
            None => self.magnitude_by_digits(),
        }
    }

    /// `1e2`, `1.0`, `12.5e1`, or more digits than fit: exact, by decimal digits.
    #[cold]
    fn magnitude_by_digits(&self) -> Result<u64, Misfit> {
        let text = self.text.strip_prefix(b"-").unwrap_or(self.text);
        let exponent_at = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (mantissa, exponent) = match exponent_at.and_then(|at| text.split_at_checked(at)) {
            Some((mantissa, exponent)) => (mantissa, exponent_value(exponent)),
            None => (text, 0),
        };
        let point = mantissa.iter().position(|byte| *byte == b'.');
        let fraction = point.map_or(0, |at| mantissa.len() - at - 1);
        let all = || mantissa.iter().filter(|byte| byte.is_ascii_digit());
        let leading = all().take_while(|byte| **byte == b'0').count();
        let count = all().count();
        if leading == count {
            return Ok(0);
        }
        let trailing = all().rev().take_while(|byte| **byte == b'0').count();
        let significant = count - leading - trailing;
        // The value is the significant digits times ten to this power.
        let power = exponent - fraction as i64 + trailing as i64;
        if power < 0 {
            return Err(Misfit::Fraction);
        }
        if significant as i64 + power > 20 {
            return Err(Misfit::Range);
        }
        let digits = all().skip(leading).take(significant);
        let value = digits.fold(0u128, |value, byte| value * 10 + u128::from(byte - b'0'));
        u64::try_from(value * 10u128.pow(power as u32)).map_err(|_| Misfit::Range)
    }
}

/// The number after `e`, held within what no mantissa can make up for.
fn exponent_value(text: &[u8]) -> i64 {
    const FAR: i64 = 1 << 50;
    let negative = text.get(1) == Some(&b'-');
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let value = digits.fold(0i64, |value, byte| {
        (value * 10 + i64::from(byte - b'0')).min(FAR)
    });
    if negative { -value } else { value }
}

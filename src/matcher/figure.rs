//! What is asked of a value over all repeats: the least, the mean, how many differ. Main type: [`Figure`].

use prost_reflect::{Kind, Value};

use super::list::distinct;
use super::operator::Classes;
use super::order::{nanoseconds, number, order};
use super::value_type::{Shape, ValueType, duration_value};
use crate::message::FieldType;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    Min,
    Max,
    Mean,
    /// By nearest rank.
    Percentile(usize),
    /// All, in the order of the repeats.
    Values,
    /// How many different ones.
    Distinct,
}

impl Figure {
    pub(super) const NAMED: [(&'static str, Self); 8] = [
        ("min", Self::Min),
        ("max", Self::Max),
        ("mean", Self::Mean),
        ("p50", Self::Percentile(50)),
        ("p90", Self::Percentile(90)),
        ("p99", Self::Percentile(99)),
        ("values", Self::Values),
        ("distinct", Self::Distinct),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, figure)| *figure == self).map_or("", |(name, _)| name)
    }

    /// The type of the figure over values of a type, or which types it is for.
    pub(super) fn of(self, ty: &ValueType) -> Result<ValueType, &'static str> {
        let classes = ty.shape().classes();
        // of a value that only the run knows, it may be one
        let is_number = classes.meets(Classes::NUMBER) && !matches!(ty.shape(), Shape::Tree(_));
        let is_duration = classes.meets(Classes::DURATION);
        match self {
            Self::Distinct => Ok(ValueType::Count),
            Self::Values => match ty {
                ValueType::Field(FieldType::Single(kind)) => Ok(ValueType::Field(FieldType::List(kind.clone()))),
                other => Ok(other.clone()),
            },
            Self::Mean if is_number => Ok(ValueType::single(Kind::Double)),
            Self::Mean if is_duration => Ok(ty.clone()),
            Self::Mean => Err("numbers and durations"),
            _ if is_number || is_duration || classes.meets(Classes::TIMESTAMP) => Ok(ty.clone()),
            _ => Err("numbers, timestamps and durations"),
        }
    }

    /// `None` over no values.
    pub(super) fn measure(self, values: &[Value]) -> Option<Value> {
        match self {
            Self::Values => return Some(Value::List(values.to_vec())),
            Self::Distinct => return Some(Value::U64(distinct(values).len() as u64)),
            _ if values.is_empty() => return None,
            _ => {}
        }
        if self == Self::Mean {
            return mean(values);
        }
        let mut sorted: Vec<&Value> = values.iter().collect();
        // NaN has no order; it stays where it is
        sorted.sort_by(|left, right| order(left, right).unwrap_or(std::cmp::Ordering::Equal));
        let last = sorted.len() - 1;
        let rank = match self {
            Self::Max => last,
            Self::Percentile(percent) => (sorted.len() * percent).div_ceil(100).saturating_sub(1),
            _ => 0,
        };
        sorted.get(rank.min(last)).map(|value| (*value).clone())
    }
}

fn mean(values: &[Value]) -> Option<Value> {
    if let Some(total) = values.iter().map(|value| value.as_message().and_then(nanoseconds)).sum::<Option<i128>>() {
        return duration_value(total / i128::try_from(values.len()).ok()?);
    }
    let numbers: Option<Vec<f64>> = values.iter().map(number).collect();
    let numbers = numbers?;
    #[expect(clippy::cast_precision_loss, reason = "no run repeats 2^52 times")]
    let count = numbers.len() as f64;
    Some(Value::F64(numbers.iter().sum::<f64>() / count))
}

//! The deadline of a call, as `grpc-timeout` spells it.

use std::time::Duration;

use http::HeaderValue;

/// How long before the deadline a CANCELLED is the deadline's doing: a server that counts down the same timeout may
/// reset the stream a moment before our own clock strikes.
pub(super) const CANCELLED_IS_LATE: Duration = Duration::from_millis(20);

/// A duration as `grpc-timeout`: at most 8 digits and a unit, rounded down so that the server's deadline is never
/// later than ours (gRPC over HTTP/2, "Timeout"). `None` beyond three years: nothing is said of a deadline so far off.
pub(super) fn grpc_timeout(left: Duration) -> Option<HeaderValue> {
    const MOST: u128 = 99_999_999;
    let units =
        [(left.as_nanos(), 'n'), (left.as_micros(), 'u'), (left.as_millis(), 'm'), (u128::from(left.as_secs()), 'S')];
    let (count, unit) = units.into_iter().find(|(count, _)| *count <= MOST)?;
    HeaderValue::try_from(format!("{count}{unit}")).ok()
}

/// A duration for people: `350ms`, `1.5s`.
pub(super) fn readable(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{}ms", duration.as_millis())
    } else {
        let seconds = format!("{:.1}", duration.as_secs_f64());
        format!("{}s", seconds.strip_suffix(".0").unwrap_or(&seconds))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{grpc_timeout, readable};

    #[test]
    fn takes_the_finest_unit_that_fits_eight_digits() {
        for (nanos, expected) in [
            (1, "1n"),
            (99_999_999, "99999999n"),
            (100_000_000, "100000u"),
            (100_000_001, "100000u"),
            (99_999_999_999, "99999999u"),
            (100_000_000_000, "100000m"),
            (99_999_999_999_999, "99999999m"),
            (100_000_000_000_000, "100000S"),
        ] {
            assert_eq!(grpc_timeout(Duration::from_nanos(nanos)).expect("a timeout"), expected);
        }
        assert_eq!(grpc_timeout(Duration::MAX), None);
    }

    #[test]
    fn durations_are_readable() {
        assert_eq!(readable(Duration::from_millis(350)), "350ms");
        assert_eq!(readable(Duration::from_secs(10)), "10s");
        assert_eq!(readable(Duration::from_millis(1_500)), "1.5s");
    }

    proptest! {
        #[test]
        fn never_exceeds_the_deadline_nor_eight_digits(nanos in 0..99_999_999_000_000_000_u64) {
            let header = grpc_timeout(Duration::from_nanos(nanos)).expect("a timeout");
            let text = header.to_str().expect("ascii");
            let (digits, unit) = text.split_at(text.len() - 1);
            prop_assert!(digits.len() <= 8);
            let count: u128 = digits.parse().expect("digits");
            let scale = match unit { "n" => 1, "u" => 1_000, "m" => 1_000_000, _ => 1_000_000_000 };
            prop_assert!(count * scale <= u128::from(nanos));
            prop_assert!(u128::from(nanos) - count * scale <= u128::from(nanos) / 1_000);
        }
    }
}

//! The sandbox's own time: it starts where the stored state left off and runs at a chosen rate.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// A moment of sandbox time, in milliseconds since 1970.
///
/// Written as RFC 3339 by `Display`, which is also the form services answer timestamps in; stored
/// as the number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// Makes a time from milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Returns how long after `earlier` this is; zero when it is not after.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// Reads the machine's clock.
    pub fn of_the_machine() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Time;

    fn add(self, duration: Duration) -> Time {
        Time(self.0 + duration.as_millis() as i64)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// Virtual time: a base plus what tokio's clock has elapsed times a rate.
///
/// Because it is tokio's clock, a test that pauses or advances it moves the sandbox with it.
#[derive(Clone, Debug)]
pub struct Clock {
    base: Time,
    started: Instant,
    rate: f64,
}

impl Clock {
    /// Starts a clock at `base` that runs `rate` times as fast as the machine's.
    pub fn start(base: Time, rate: f64) -> Self {
        Self { base, started: Instant::now(), rate }
    }

    /// Returns the present sandbox time.
    pub fn now(&self) -> Time {
        self.base + self.started.elapsed().mul_f64(self.rate)
    }

    /// Moves on to `time` if it lies ahead; time never goes back.
    pub fn catch_up(&mut self, time: Time) {
        if time > self.now() {
            *self = Self::start(time, self.rate);
        }
    }

    /// Moves the clock forward by a span of sandbox time, for tests that do not pause tokio's clock.
    pub fn skip(&mut self, span: Duration) {
        self.base = self.base + span;
    }

    /// Waits for a span of sandbox time.
    pub async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span.div_f64(self.rate)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_as_rfc_3339_with_milliseconds() {
        assert_eq!(Time::from_millis(1_767_225_600_000).to_string(), "2026-01-01T00:00:00.000Z");
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_stands_still_and_runs_at_its_rate_when_advanced() {
        let clock = Clock::start(Time::from_millis(0), 60.0);
        assert_eq!(clock.now().millis(), 0);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now().millis(), 60_000);
        clock.sleep(Duration::from_secs(60)).await;
        assert_eq!(clock.now().millis(), 120_000);
    }
}

//! How often a log-in may be tried. The key is account *and* address: a commune sits behind one
//! address, so that one officer's typing must not lock out the others; and a wider bound per
//! address alone stops one machine from trying every account.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::fault::Fault;

/// Tries per account and address before the wait begins, then one each [`ACCOUNT_PAUSE`].
const ACCOUNT_TRIES: NonZeroU32 = NonZeroU32::new(8).expect("not zero");
const ACCOUNT_PAUSE: Duration = Duration::from_secs(30);
/// Tries per address for all accounts together, then one each [`ADDRESS_PAUSE`].
const ADDRESS_TRIES: NonZeroU32 = NonZeroU32::new(120).expect("not zero");
const ADDRESS_PAUSE: Duration = Duration::from_secs(2);
/// After so many attempts the idle keys are dropped: what stays is what the last pauses brought.
const SWEEP_ATTEMPTS: u32 = 1_000;

/// Counts log-in attempts.
pub struct Throttle {
    account: DefaultKeyedRateLimiter<(String, String)>,
    address: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
    attempts: AtomicU32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

impl Throttle {
    /// Returns a throttle that has counted nothing.
    pub fn new() -> Self {
        let quota = |tries, pause| Quota::with_period(pause).map(|q| q.allow_burst(tries));
        let account = quota(ACCOUNT_TRIES, ACCOUNT_PAUSE).expect("the pause is not zero");
        let address = quota(ADDRESS_TRIES, ADDRESS_PAUSE).expect("the pause is not zero");
        Self {
            account: RateLimiter::keyed(account),
            address: RateLimiter::keyed(address),
            clock: DefaultClock::default(),
            attempts: AtomicU32::new(0),
        }
    }

    /// Counts one attempt. The login is kept as a key, so that it must be short: a checked
    /// log-in name, never what was typed.
    ///
    /// # Errors
    /// [`Fault::TooMany`] with the seconds to wait.
    pub fn count(&self, login: &str, address: &str) -> Result<(), Fault> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) % SWEEP_ATTEMPTS == SWEEP_ATTEMPTS - 1 {
            self.account.retain_recent();
            self.address.retain_recent();
        }
        let now = self.clock.now();
        let address = address.to_owned();
        // An address that has used up its tries leaves no further account behind.
        let counted = match self.address.check_key(&address) {
            Ok(()) => self.account.check_key(&(login.to_owned(), address)),
            refused => refused,
        };
        counted.map_err(|wait| Fault::TooMany(wait.wait_time_from(now).as_secs() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_slowed_without_locking_out_the_neighbour() {
        let throttle = Throttle::new();
        let mut tries = 0;
        while throttle.count("can.bo", "10.0.0.1").is_ok() {
            tries += 1;
        }
        assert_eq!(tries, ACCOUNT_TRIES.get());
        assert!(matches!(throttle.count("can.bo", "10.0.0.1"), Err(Fault::TooMany(1..=31))));
        assert!(throttle.count("dong.nghiep", "10.0.0.1").is_ok());
        assert!(throttle.count("can.bo", "10.0.0.2").is_ok());
    }

    #[test]
    fn one_machine_leaves_few_keys_however_many_accounts_it_tries() {
        let throttle = Throttle::new();
        for n in 0..5 * SWEEP_ATTEMPTS {
            let _ = throttle.count(&format!("can.bo.{n}"), "10.0.0.1");
        }
        let kept = throttle.account.len();
        assert!(kept <= ADDRESS_TRIES.get() as usize + 60, "{kept} keys");
        assert!(throttle.count("can.bo.1", "10.0.0.2").is_ok());
    }
}

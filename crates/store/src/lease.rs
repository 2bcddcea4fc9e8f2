//! Leases: one node at a time runs the dispatcher and each background job.
//!
//! A holder that dies is replaced when its lease runs out. Each call is one small write, committed
//! as [`Unjournaled::Lease`](crate::Unjournaled::Lease).

use crate::{StoreError, Write, on};

crate::statements! {
    TAKE = "INSERT INTO lease (name, holder, until) VALUES ($1, $2, $4)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
            WHERE lease.until <= $3 OR lease.holder = excluded.holder",
    RENEW = "UPDATE lease SET until = $4 WHERE name = $1 AND holder = $2 AND until > $3",
    RELEASE = "DELETE FROM lease WHERE name = $1 AND holder = $2",
}

/// Takes the lease when it is free, expired or already this holder's; returns whether it is held.
pub async fn take(
    w: &mut Write,
    name: &str,
    holder: &str,
    now: i64,
    until: i64,
) -> Result<bool, StoreError> {
    let rows = on!(w, c => sqlx::query(TAKE)
        .bind(name)
        .bind(holder)
        .bind(now)
        .bind(until)
        .execute(&mut **c)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// Prolongs a lease that is still held; returns false when it ran out or is another's, and then
/// the work under it must stop.
pub async fn renew(
    w: &mut Write,
    name: &str,
    holder: &str,
    now: i64,
    until: i64,
) -> Result<bool, StoreError> {
    let rows = on!(w, c => sqlx::query(RENEW)
        .bind(name)
        .bind(holder)
        .bind(now)
        .bind(until)
        .execute(&mut **c)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// Gives the lease back early, so that a clean stop leaves no gap.
pub async fn release(w: &mut Write, name: &str, holder: &str) -> Result<(), StoreError> {
    on!(w, c => sqlx::query(RELEASE).bind(name).bind(holder).execute(&mut **c).await.map(drop))?;
    Ok(())
}

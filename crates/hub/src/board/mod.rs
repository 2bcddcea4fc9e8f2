//! Bảng trực: one queue of everything that waits for the desk, sorted by the time that is left
//! (letters S0, S1: trực 24/7, tiếp nhận, xử lý đúng thời hạn).
//!
//! What this room does not do: it decides nothing. Each row leads to the page of the slice where
//! the deed is done, and every number opens the list that sums to it.

mod lights;
mod overview;
pub mod page;
pub mod queue;
pub mod store;
pub mod stream;

use khien_domain::access::Action;

use crate::router::{Route, Sample};
use crate::web::guard::Audience::{May, Member};

/// The rows of this room; the board itself stands at `/`, which is the home's.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/board/rows", May(Action::KeepWatch), Sample::None, page::rows),
        Route::get("/stream", Member, Sample::None, stream::open),
    ]
}

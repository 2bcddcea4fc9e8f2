//! The journal as people read it (letters S0, S3: ghi nhật ký, kiểm tra): the time line of a
//! matter, the auditor's list, its verification, and the head that is signed every day and at a stop.
//!
//! **What an auditor reads.** An auditor answers for the record and reads no matter (design
//! invariant 5). So the list and the page of a line show who did what to which number and when,
//! the hash of the body, and from the body only codes: states before and after, kind, level
//! ([`shown`]). Free text (titles, reasons, answers, file names) is never shown, strict matter or
//! not: whoever may read the matter finds it there. The signed head is downloaded here; a whole
//! export holds every body, so that it is made where the data folder is (`khien journal`).
//!
//! What this slice does not do: write lines (every deed does, in its own transaction), nor seal
//! or destroy bodies.

pub mod heads;
pub mod job;
pub mod page;
pub mod shown;
pub mod store;
pub mod timeline;
pub mod verdict;

use khien_domain::access::Action;

use crate::router::{Route, Sample};
use crate::web::guard::Audience::May;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    const READ: Action = Action::ReadJournal;
    vec![
        Route::get("/journal", May(READ), Sample::None, page::list),
        Route::get("/journal/line/{seq}", May(READ), FIRST_LINE, page::show),
        Route::post("/journal/verify", May(READ), Sample::None, page::verify),
        Route::get("/journal/head.json", May(READ), Sample::None, page::head),
    ]
}

/// The journal of a hub that has anything at all has a first line.
const FIRST_LINE: Sample = Sample::Literal("/journal/line/1");

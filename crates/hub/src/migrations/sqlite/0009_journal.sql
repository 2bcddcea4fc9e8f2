-- Signed heads of the journal, one a day, kept so that an auditor can fetch what was deposited.
CREATE TABLE journal_deposit (
    seq        INTEGER NOT NULL PRIMARY KEY,
    signed_at  INTEGER NOT NULL,
    head       TEXT NOT NULL
) STRICT;

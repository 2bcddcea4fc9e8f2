-- Signed heads of the journal, one a day, kept so that an auditor can fetch what was deposited.
CREATE TABLE journal_deposit (
    seq        BIGINT NOT NULL PRIMARY KEY,
    signed_at  BIGINT NOT NULL,
    head       TEXT NOT NULL
);

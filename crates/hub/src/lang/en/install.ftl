# Words of khien rules import.
install-absent = { $path } does not exist
install-added =
    { $count ->
        [one] { $count } rule is added:
       *[other] { $count } rules are added:
    }
install-removed =
    { $count ->
        [one] { $count } rule is removed:
       *[other] { $count } rules are removed:
    }
install-changed =
    { $count ->
        [one] { $count } rule is changed:
       *[other] { $count } rules are changed:
    }
install-refused =
    { $count ->
        [one] { $count } rule is refused now and was not before:
       *[other] { $count } rules are refused now and were not before:
    }
install-more =
    { $count ->
        [one] … and { $count } more rule; --format json lists them all.
       *[other] … and { $count } more rules; --format json lists them all.
    }
install-meaning = what it detects has changed
install-level = its level was { $before }
install-words = only its words have changed
install-no-difference = No rule is different.
install-left-out =
    The folder { $folder } ({ $files ->
        [one] { $files } file
       *[other] { $files } files
    }) is left out: its rules are not meant to be run.
install-no-licence = Note: there is no licence file; keep the licence of the rules in the same place.
install-dry = This was a trial, nothing is changed.
install-same = { $path } holds version { $version } already (SHA-256 { $sha256 }), nothing is changed.
install-done =
    { $path } is version { $version } now: { $loaded ->
        [one] { $loaded } rule loads
       *[other] { $loaded } rules load
    }, { $refused ->
        [one] { $refused } is refused
       *[other] { $refused } are refused
    }. SHA-256 { $sha256 }.
install-way-back = Back to the one before: khien rules import --rollback --into { $path }
install-rolled-back = { $path } is back at version { $version } (SHA-256 { $sha256 }).
install-pinned = Version { $version }, imported at { $at }, as it was imported.
install-pinned-changed = Version { $version }, imported at { $at }, CHANGED since.

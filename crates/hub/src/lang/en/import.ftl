# Importing sheets.
import-kind-units = Units
import-kind-people = People
import-kind-systems = Systems, devices
import-kind-contacts = Contacts
import-added = add: { $what }
import-changed = change: { $what } ({ $fields })
import-counts = { $rows } rows: { $added } added, { $changed } changed, { $same } as they were.
import-ignored = Columns not used: { $columns }
import-dry = A trial only, nothing was written.
import-done = Written.
import-faults = The file has { $count } faults. Nothing was written.
import-no-administrator = There is no administrator yet. Run “khien serve” once to make the first one.
import-slips-written = { $count } activation slips were written to { $file }. Print it, then delete it.
import-slips-here = Activation slips; each code is shown this once:

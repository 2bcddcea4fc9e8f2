# What the commands say on the server.
cli-config-fine = The configuration is usable.
cli-config-unreadable = The configuration cannot be used: { $why }
cli-config-open-listener = Refused to listen on { $address }: it is reachable from outside without TLS, and passwords would cross the network in the clear. Put a TLS proxy in front and name its network in http.trusted_proxies, or use 127.0.0.1.
cli-config-weak-hash = access.hash_cost = least is for tests on a loopback address only.
cli-folder-in-use = Another Khiên runs on the folder { $path }. Stop it first, or choose another folder with --data.
cli-folder-unusable = { $path } cannot be used: { $why }. Look at its permissions and at the free disk space.
cli-folder-newer = This data was written by a newer Khiên (schema { $found }, this program knows { $known }); use the newer version.
cli-folder-empty = The folder { $path } holds no Khiên data yet (no state.db).
cli-listen-taken = Another program uses { $address }. End it or choose another port: { $setting } in khien.toml or the variable { $variable }; for the web port of khien demo, --listen.
cli-listen-refused = { $address } ({ $setting }) cannot be listened on: { $why }. Check the address and the rights; a port under 1024 needs a right of its own.
cli-serve-listens = Khiên runs at { $url } (Ctrl-C to stop)
cli-serve-first-slip =
    The data folder was empty, so the first administrator was made.
    Activation slip (shown once, good for { $days } days):
      Address:  { $url }
      Log-in:   { $login }
      Code:     { $code }
cli-journal-head = The signed head that was compared: { $path }
cli-journal-head-none = No signed head lies in { $path }.
cli-journal-head-broken = The newest signed head cannot be read: { $why }; fetch the one that was deposited elsewhere
cli-rules-absent = { $path } does not exist.
cli-rules-total =
    { $loaded ->
        [one] { $loaded } rule loads
       *[other] { $loaded } rules load
    }, { $refused ->
        [one] { $refused } is refused
       *[other] { $refused } are refused
    }
cli-rules-id = id
cli-rules-rule = rule
cli-rules-file = file
cli-rules-reason = reason
cli-rules-level = level
cli-rules-source = log source
cli-rules-correlation = correlation
cli-values-unused = { $total } lists of values that no rule asks for: { $names }
cli-origin-default = default
cli-origin-environment = environment
cli-doctor-listener = Listener: { $address }
cli-doctor-rules = Detection rules: { $loaded } load, none is refused
cli-doctor-rules-refused = Detection rules: { $loaded } load, { $refused } are refused; `khien rules check` tells why
cli-doctor-folder-absent = The data folder { $path } does not exist yet; `khien serve` makes it
cli-doctor-modes = Only its owner can enter the data folder
cli-doctor-modes-open = Others on this machine can read: { $paths }; run chmod -R go= on these paths
cli-doctor-disk = { $mib } MiB of the disk are free
cli-doctor-disk-low = Only { $mib } MiB of the disk are free; make room or move the data folder to a larger disk
cli-doctor-disk-unknown = The free disk space is unknown: { $why }
cli-doctor-running = Khiên runs on this folder
cli-doctor-stopped = Khiên does not run on this folder now
cli-doctor-folder-unwritable = The data folder cannot be written: { $why }; look at its owner and permissions
cli-doctor-key = The key that signs the journal is there
cli-doctor-key-bad = keys/journal.key holds no valid key; restore it from the backup of the keys
cli-doctor-key-absent = There is no key that signs the journal yet; it is made at the first signature
cli-doctor-state-absent = There is no state.db yet; `khien serve` makes it
cli-doctor-state-broken = The database cannot be opened: { $why }; stop Khiên, restore the latest backup and move the folder heads/ away: its heads are of the lines that were lost
cli-doctor-schema = The database schema fits this program
cli-doctor-schema-older = The database schema is older than this program; `khien serve` brings it up to date (make a backup first)
cli-doctor-clock = Clock of this machine: { $now } (+07:00)
cli-doctor-clock-behind = The clock of this machine ({ $now } +07:00) is behind the newest journal line, or was never set; turn on time synchronisation (NTP)
cli-demo-settles = Settling the invented province (the first time only)…
cli-demo-not-empty = This folder holds data that khien demo did not make. Choose an empty folder with --data.
cli-demo-login = Log-in
cli-demo-role = Role
cli-demo-unit = Unit
cli-demo-listens =
    Password of every account: { $password }
    The officer of any other commune or ward: can.bo.<its name>, such as { $other }; same password
    Data folder: { $data }
    The invented province runs at { $url } (Ctrl-C to stop)
cli-user-call-back = This officer has a password already. Call back on the registered number { $phone }, do not trust the number that rang; once you have spoken to the officer, run this again with --called-back.

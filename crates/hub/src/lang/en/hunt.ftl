# Words of khien hunt: the summary and the report.
hunt-time = time (+07:00)
hunt-level = level
hunt-host = computer
hunt-rule = rule
hunt-file = file
hunt-hits = hits
hunt-hits-short = hits
hunt-hosts = hosts
hunt-rules = rules
hunt-first = first
hunt-last = last
hunt-attack = ATT&CK
hunt-tactic = tactic (ATT&CK)
hunt-highest = highest level
hunt-techniques = techniques
hunt-more-rules =
    … and { $count ->
        [one] { $count } more rule
       *[other] { $count } more rules
    } with { $hits ->
        [one] { $hits } hit
       *[other] { $hits } hits
    }
hunt-more-hosts =
    … and { $count ->
        [one] { $count } more host
       *[other] { $count } more hosts
    } with { $hits ->
        [one] { $hits } hit
       *[other] { $hits } hits
    }
hunt-beyond = The logs name too many hosts: { $hits } hits are of hosts that were not told apart, so that numbers of hosts and of rules are only the least.
hunt-report-written = The report is written to { $path }
hunt-report = Threat hunt report
hunt-made = Made at { $at } (+07:00); all times in the report are Vietnam's
hunt-found = Findings
hunt-nothing = Nothing was found with the rules that were used.
hunt-none =
    { $events ->
        [one] { $events } event was read, nothing was found.
       *[other] { $events } events were read, nothing was found.
    }
hunt-none-within =
    { $events ->
        [one] { $events } event was read, nothing was found
       *[other] { $events } events were read, nothing was found
    } of the level and within the period that were asked for.
hunt-first-hosts = Look at these machines first
hunt-first-rules = Look at these signs first
hunt-rules-fired = Rules with hits
hunt-events = Events read
hunt-events-unmapped = Events that no rule reads
hunt-unmapped =
    { $events ->
        [one] { $events } event is of a source that belongs to no category and no service of the rules; only rules that name neither looked at it:
       *[other] { $events } events are of sources that belong to no category and no service of the rules; only rules that name neither looked at them:
    }
hunt-unmapped-more =
    … and { $count ->
        [one] { $count } more source
       *[other] { $count } more sources
    } with { $events ->
        [one] { $events } event
       *[other] { $events } events
    }
hunt-progress = { $events } events
hunt-period-empty = --from must be earlier than --to: no event lies in between (one at --to itself is left out).
hunt-refused =
    { $count ->
        [one] { $count } rule is refused, `khien rules check` tells why
       *[other] { $count } rules are refused, `khien rules check` tells why
    }
hunt-no-rules = no rule could be loaded, `khien rules check` tells why
hunt-untold = indicators seen but not told: { $expired } times an expired one, { $allowed } times on what the allow-list names
hunt-iocs-none = { $path }: no indicator could be taken from it, nothing on this list is looked for
hunt-iocs-none-more =
    … and { $count ->
        [one] { $count } more list
       *[other] { $count } more lists
    } from which no indicator could be taken
hunt-feed-line = line { $line }
hunt-feed-until = until { $until }
hunt-more-problems =
    { $count ->
        [one] … and { $count } more place that could not be read whole
       *[other] … and { $count } more places that could not be read whole
    }
hunt-limits = What correlations could not count
hunt-limit-evicted-groups = { $count } groups were given up while counting, as memory is bounded: correlations may have missed hits.
hunt-limit-cut = { $count } events were let go by groups that grew too large: correlations may have counted too few and missed hits.
hunt-limit-late = { $count } times an event came too late for its group and was not counted: correlations may have missed hits.
hunt-limit-untimed = { $count } times an event to be counted told no time and was not counted: correlations may have missed hits.
hunt-limit-unheld = { $count } events and hits of correlations were beyond what a hunt keeps: the result is not complete.
hunt-limit-ahead = { $count } events bear a later time than they came at; they count as of then.
hunt-limit-without-value = { $count } times an event lacked the value that a correlation counts (or it was no number) and was not counted.
hunt-limit-approximate = { $count } hits of correlations stand on an estimate, as there were too many events: the true number may be larger.
hunt-files = Log files
hunt-span = Events from – to
hunt-unread = Places not readable
hunt-timeline = Timeline
hunt-picture = Hits over time, from { $from }; the tallest column has { $most }
hunt-closer = The fullest column, closer
hunt-lanes = The way through the machines
hunt-lanes-help = Each machine from its first hit to its last, in the order of the first; the colour is the highest level.
hunt-lanes-first = Of { $all } machines, the { $shown } with the gravest hits are drawn.
hunt-untimed =
    { $hits ->
        [one] { $hits } hit tells no time and is not in the picture.
       *[other] { $hits } hits tell no time and are not in the picture.
    }
hunt-width-60 = Each column is 1 minute.
hunt-width-300 = Each column is 5 minutes.
hunt-width-900 = Each column is 15 minutes.
hunt-width-3600 = Each column is 1 hour.
hunt-width-10800 = Each column is 3 hours.
hunt-width-21600 = Each column is 6 hours.
hunt-width-86400 = Each column is 1 day.
hunt-width-604800 = Each column is 1 week.
hunt-width-2419200 = Each column is 4 weeks.
hunt-width-31449600 = Each column is 52 weeks.
hunt-width-314496000 = Each column is about 10 years.
hunt-width-31449600000 = Each column is about 1,000 years.
hunt-width-314496000000 = Each column is about 10,000 years.
hunt-no-attack = The rules with hits name no tactic of ATT&CK.
hunt-practised = Techniques seen
hunt-view = From { $from }.
hunt-of-rules =
    { $count ->
        [one] { $count } rule
       *[other] { $count } rules
    }
hunt-by-host = By machine
hunt-by-rule = By rule
hunt-by-rule-help = Open a rule to see what to do, where the rule is from, and its earliest hits.
hunt-samples = The earliest hits
hunt-inputs = What was read
hunt-problems =
    { $count ->
        [one] { $count } place could not be read whole
       *[other] { $count } places could not be read whole
    }
hunt-passed-over =
    { $count ->
        [one] { $count } file is no log of a known format.
       *[other] { $count } files are no logs of a known format.
    }
hunt-file-list =
    { $count ->
        [one] { $count } log file
       *[other] { $count } log files
    }
hunt-size = size
hunt-with-what = What was used
hunt-rules-loaded = Rules used
hunt-rules-refused = { $count } refused
hunt-rules-from = Rules from
hunt-pack = the rules that travel inside Khiên
hunt-indicators = Indicators of compromise
hunt-min-level = Lowest level taken
hunt-from = Only events from
hunt-to = Only events before
hunt-took = Time it took
hunt-foot = This page is complete in itself: it loads nothing from the network, runs no code and sends nothing. Detection rules belong to the authors named beside them.
tactic-reconnaissance = Reconnaissance
tactic-resource-development = Resource Development
tactic-initial-access = Initial Access
tactic-execution = Execution
tactic-persistence = Persistence
tactic-privilege-escalation = Privilege Escalation
tactic-defense-evasion = Defense Evasion
tactic-stealth = Stealth
tactic-defense-impairment = Defense Impairment
tactic-credential-access = Credential Access
tactic-discovery = Discovery
tactic-lateral-movement = Lateral Movement
tactic-collection = Collection
tactic-command-and-control = Command and Control
tactic-exfiltration = Exfiltration
tactic-impact = Impact

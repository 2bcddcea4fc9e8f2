# Detection rules.
rules-title = Detection rules
rules-sub = The signs that the hub looks for in what is sent
rules-empty = No rule matches.
rules-total = { $total } rules are running
rules-refused = { $total } rules cannot be used
rules-refused-help = A rule that cannot be honoured to the letter does not run; here are the names and the reasons.
rule-level = Level
rule-title = Rule
rule-family = Family
rule-author = Author
rule-file = File
rule-reason = Reason
rule-hits-recent = Last 24 h
rule-hits-total = In all
detection-damage-title = The intake log has a damaged part: { $what }
detection-damage-advice = Check the disk of the server. Events in the damaged part cannot be read; ask the sources to send them again, and keep the damaged file for examination.

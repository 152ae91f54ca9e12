// Package rules decides what happens to a message, once for each recipient.
//
// # Rule files
//
// A rule set is a folder of TOML files, read in the order of their names. The
// tables [defaults], [list], [dictionary], [detector] and [[rule]] of all files form one
// set; names are unique over all files. [[test]] cases run on every load and
// one that fails fails the load. Decoding is strict: an unknown key, a wrong
// type or a name that nothing defines is an error with file, line, rule and key,
// and all errors of a set are reported together.
//
// # Evaluation
//
// Rules run from top to bottom, once per recipient. A rule matches when every
// key of its [rule.when] holds and its [rule.unless] doesn't. A rule with `then`
// decides for that recipient and ends the evaluation for it; a rule with only
// `also` adds and goes on. When no rule decides, defaults.then does.
//
// A rule that blocks is passed over for a recipient for whom Message.Released
// says so, and the following rules are asked; so what is released is still sealed
// or returned by them.
//
// Conditions are three-valued. What only the content can answer is unknown
// until the content is read, and stays unknown where it can't be read: it is
// encrypted, malformed or over a limit. Unknown is neither true nor false (the
// tables of Kleene's logic of three values), so `not` of it is unknown too. A
// rule that decides and is still unknown with all content read gives the
// recipient defaults.unscannable: the rule might have stopped the message, so it
// doesn't go out. A rule with only `also` that stays unknown is taken to match.
//
// The body is read only when some rule that can still matter for some recipient
// needs it, and once for all rules and recipients.
//
// # TLS by domain
//
// Rules with `also.tls` that look at nothing but the recipient's domain also are a
// policy for that domain, which a mail server can ask for; see Set.TLSPolicy.
//
// # Purity
//
// The package reads its rule files and nothing else, has no clock but
// Message.Time, and logs nothing but the reloads of a Live set. An error or a
// panic during evaluation is returned as an error, never as a verdict. Errors
// and logs carry no content of a message; Evidence is masked.
package rules

package rules

import (
	"fmt"
	"strings"
)

// Reference writes the reference of the rule language in Markdown, from the
// tables by which rule files are decoded.
func Reference() string {
	var b strings.Builder
	section := func(title, text string, keys []keyInfo) {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", title, text)
		if len(keys) == 0 {
			return
		}
		b.WriteString("| key | value | meaning | example |\n|---|---|---|---|\n")
		for _, k := range keys {
			fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` |\n", k.name, cell(k.value), cell(k.doc), cell(k.example))
		}
		b.WriteString("\n")
	}
	section("The file", "A rule file is TOML. On the top level stand `version = 1`, `tests_alone = true` where the tests of the file are to run without the rules of other files, and the tables below; all files `*.toml` of the rules folder are read in the order of their names and form one set. Names of rules, lists, dictionaries and detectors are unique over all files. A key that isn't listed here is an error.", nil)
	section("[defaults]", "What holds when the rules leave something open. Once in all files.", defaultKeys())
	section("[list]", "Named lists of addresses, domains, media types, file names, networks or words: `name = [\"...\", \"...\"]`. An entry `\"file:NAME\"` stands for the lines of a file, relative to the rules folder: one entry a line, comments after `#`. A change to that file takes effect like a change to a rule file. Wherever a list of texts is written, `\"@name\"` stands for the entries of a list; `\"@@name\"` is the text `@name` itself.", nil)
	section("[dictionary.NAME]", "Words and phrases that a rule counts with `dictionary.NAME`.", dictionaryKeys())
	section("[detector.NAME]", "A detector of your own, which a rule uses with `detect.NAME`.", detectorKeys())
	section("[[rule]]", "One rule.", ruleKeys())
	section("Actions", actionText(), nil)
	section("release", "How what a rule blocks is released: `false`, `true` or a table. A released message is decided again without the rule, so that the rules below have their say; one that is released and holds a card is still sealed by a rule for cards below.", releaseKeys())
	section("also", "What a rule adds. A rule that decides may have it too.", alsoKeys())
	section("when and unless", "All keys of a table must hold. Of a list of values one is enough. Keys with a dot can be written either way: `subject.contains = \"x\"` or `subject = { contains = \"x\" }`.", conditionKeys())
	section("Addresses", "`from`, `header_from`, `to` and `scope` take these forms, alone or in a list; upper and lower case are the same.\n\n"+addressText(), nil)
	section("Comparisons", "A comparison is a string: `\">\"`, `\">=\"`, `\"<\"`, `\"<=\"` or `\"=\"` and a number. Sizes have a unit: `B`, `kB`, `MB`, `GB` (thousands) or `KiB`, `MiB`, `GiB` (1,024). A duration is like `\"30m\"`, `\"12h\"`, `\"7d\"`, `\"2w\"` or `\"1d12h\"`.", nil)
	section("subject and header.NAME", "Several keys must hold for the same field. Texts are tried on the field as it reads and as it was received, so that an encoding hides nothing.", headerKeys())
	section("body", "Several keys must all hold.", bodyKeys())
	section("attachment", "All keys must hold for the same attachment.", attachmentKeys())
	section("detect.NAME", "`detect.NAME = 3` asks for three distinct values: the same number three times is one. The built-in detectors are described in [detectors.md](detectors.md); `postseal rules detect` runs them over a text.", detectKeys())
	section("dictionary.NAME", "`dictionary.NAME = 3` asks for three distinct terms.", dictionaryConditionKeys())
	section("[[test]]", "A message and the verdict that it must get. Tests run whenever the rules are loaded; when one fails, the rules in force stay.", testKeys())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// cell makes a text fit for a table of Markdown.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func actionText() string {
	var b strings.Builder
	b.WriteString("| action | what happens for the recipient |\n|---|---|\n")
	for _, a := range actions() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", a, map[Action]string{
			Deliver:    "The message goes out as it is.",
			Pickup:     "The message is sealed; the recipient gets a notice and reads it in the portal with an account.",
			OneTime:    "The message is sealed; it opens with the link in the notice, without an account. Nobody else can open it, the operator included.",
			Return:     "The message is refused and the sender gets `text`; with other recipients that get it, in a delivery status notification.",
			Discard:    "The message is accepted and dropped. The audit trail shows it.",
			Block:      "The message waits until the sender releases it by a link that is mailed, or an administrator does; see `release`. If nobody does, it is returned.",
			Quarantine: "The mail server holds the message, for all of its recipients, until an administrator releases it.",
		}[a])
	}
	return strings.TrimRight(b.String(), "\n")
}

func addressText() string {
	return strings.Join([]string{
		"| form | fits |", "|---|---|",
		"| `ann@example.com` | that address |",
		"| `*@example.com`, `example.com` | every address of exactly that domain |",
		"| `*@*.example.com`, `.example.com` | every address of its subdomains, at any depth, not of itself |",
		"| `sales-*@example.com` | by pattern: `*` stands for any characters, `?` for one, before the `@` only |",
		"| `internal`, `external` | by `internal_domains` of the configuration; not inside a list |",
		"| `<>` | the null sender of bounces |",
		"| `@name` | the entries of a list |",
		"",
		"An address that your mail server would route on counts as what it leads to: `bob%guest.example@example.com` is external.",
	}, "\n")
}

"""Reads every mail of a folder with Python's parser and complains about whatever
is not as RFC 5322, RFC 2045, RFC 3464 and RFC 8098 want it. One line for each
mail that is right; exit status 1 if one is not."""

import email.errors
import email.policy
import email.utils
import pathlib
import sys

POLICY = email.policy.default.clone(raise_on_defect=False)
bad = 0


def parts(m):
    """Yields a mail and its parts, but not the groups of fields in a notification."""
    yield m
    if m.get_content_maintype() == "multipart":
        for p in m.get_payload():
            yield from parts(p)


def check(data):
    """Yields what is wrong with a mail."""
    m = email.message_from_bytes(data, policy=POLICY)
    for part in parts(m):
        for d in part.defects:
            yield f"{part.get_content_type()}: {d!r}"
        for name, value in part.items():
            for d in getattr(value, "defects", ()):
                yield f"{name}: {d!r}"
        if part.get_content_maintype() == "text":
            text = part.get_content()
            if not text.strip():
                yield f"{part.get_content_type()} is empty"
            if "\ufffd" in text or "{{" in text or "<no value>" in text:
                yield f"{part.get_content_type()} is not whole"
    for name in ("date", "from", "to", "subject", "message-id", "mime-version"):
        if len(m.get_all(name, [])) != 1:
            yield f"not one {name}"
    if m["date"].datetime is None or m["date"].datetime.tzinfo is None:
        yield "date"
    if len(m["from"].addresses) != 1 or "@" not in m["from"].addresses[0].addr_spec:
        yield "from"
    if len(m["to"].addresses) != 1:
        yield "to"
    if "=?" in str(m["subject"]) or not str(m["subject"]).strip():
        yield "subject"
    if m.get_content_type() == "multipart/report":
        yield from report(m)


def report(m):
    """Yields what is wrong with a notification."""
    kind = m.get_param("report-type")
    human, machine, *rest = m.get_payload()
    if human.get_content_type() != "text/plain":
        yield "the first part is not a text"
    if machine.get_content_type() != f"message/{kind}":
        yield f"report-type {kind}, but {machine.get_content_type()}"
    if len(rest) > 1:
        yield "too many parts"
    if kind == "delivery-status":
        mail, *recipients = machine.get_payload()
        if not str(mail["reporting-mta"]).startswith("dns; ") or not recipients:
            yield "delivery-status"
        for r in recipients:
            if not r["final-recipient"].startswith("rfc822; ") or r["action"] != "failed" or r["status"][:2] not in ("4.", "5."):
                yield f"recipient {r.items()}"
    else:
        text = machine.get_payload()
        text = text if isinstance(text, str) else "".join(p.as_string() for p in text)
        fields = email.message_from_string(text)
        for name in ("final-recipient", "disposition", "original-message-id", "reporting-ua"):
            if len(fields.get_all(name, [])) != 1:
                yield f"not one {name}"


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
    wrong = list(check(path.read_bytes()))
    for w in wrong:
        print(f"{path.name}: {w}", file=sys.stderr)
    if wrong:
        bad = 1
    else:
        print(path.name)
sys.exit(bad)

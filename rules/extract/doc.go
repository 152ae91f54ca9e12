// Package extract reads text out of documents and archives, for the rules.
//
// A Document is an attachment's content with the name and type that the sender
// gave it. Extract looks at what it really is and hands out all text it can
// find, part by part: office files (OOXML, OpenDocument, the binary formats in
// OLE containers, RTF), PDF, spreadsheets as rows with the heading of a column
// beside long numbers, calendars and contacts, Outlook's winmail.dat and .msg,
// signed S/MIME, mail, archives and compressed files, each nested in the other
// to a limit. Of whatever else there is, the printable strings. Text comes
// normalised as mail.Normalise leaves it.
//
// # Never clean by failure
//
// What can't be read is told by a Reason, one of a fixed set of words: the
// content is encrypted, malformed, over a limit, in a format that isn't known.
// A caller must take a document with a Reason for one that may hold anything,
// text or no text. Reasons and errors hold no content.
//
// # Bounds and isolation
//
// Limits bound size, nesting, members, expanded octets and text. They bound what
// this package does; they can't bound what a defect in a decoder does with
// hostile input. So servers use a Pool: it runs Extract in child processes of
// the same binary (ChildMain), which have limits of address space and processor
// time, can write no file, and are killed when a document takes too long. A
// document whose child died or was killed has a Reason for it. Plaintext
// passes through pipes only and is never on disk; a child dumps no core.
//
// # The wire between Pool and child
//
// Frames in both directions: one octet kind, four octets length (big endian), as
// many octets. At the start the parent sends 'S', JSON settings, and the child
// answers 'H', the name of this protocol. Then for each document the parent sends
// 'D', a JSON request, and 'C' pieces of the content, an empty one last; the child
// answers with any number of 'T' (two octets length of the path, the path, the
// text) and 'R', a JSON result. Each side ends the conversation on a frame that is
// too long or out of turn.
package extract

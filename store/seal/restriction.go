package seal

// A Restriction is what a recipient can't do with a message. It is signed with
// the manifest.
type Restriction struct {
	NoPrint bool `json:"noPrint,omitempty"`
	NoReply bool `json:"noReply,omitempty"`
	PIN     bool `json:"pin,omitempty"` // the grants open only with the message's PIN beside the usual secret
}

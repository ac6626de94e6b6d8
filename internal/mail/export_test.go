package mail

// Remote makes the sender take the server for one that is not on this machine.
func (s *Sender) Remote() *Sender {
	s.to.loopback = false
	return s
}

"""The past of channels as Discord tells it: stored unbooked, as an archive is."""

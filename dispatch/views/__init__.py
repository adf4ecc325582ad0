"""The crew's pages. Every action is a plain form; scripts only shorten the way."""

// The day, fresh every few seconds.

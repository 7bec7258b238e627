"""Events and archives in, rows out: what happened is stored once, in order, and booked as salience."""

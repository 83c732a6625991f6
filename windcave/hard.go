package windcave

import "slices"

// hardCodes are answers after which a bank will never approve, by Visa's rules, where each further
// try is fined; codes of the card's and the token's own classes are among them.
var hardCodes = []string{"04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"}

// HardCode tells whether a bank will never approve what it has answered with a code, by Visa's
// rules.
func HardCode(code string) bool { return slices.Contains(hardCodes, code) }

// NeverAgain tells whether a card that was declined with this will be declined whenever it is
// tried: the token is dead, or the card is, or the bank says so.
func NeverAgain(class Class, code string) bool { return Dead(class) || HardCode(code) }

// Dead tells whether the token or the card of a decline is dead.
func Dead(class Class) bool { return class == ClassToken || class == ClassCard }

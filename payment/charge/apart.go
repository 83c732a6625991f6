package charge

// apart picks the first item of each customer, and returns the others beside: charges of one
// customer come one after another, so that each sees what became of the card at the one before.
// Batches beside each other do not know of each other.
func apart(items []Item) (now, later []Item) {
	seen := make(map[int64]bool, len(items))
	for _, i := range items {
		if seen[i.Customer] {
			later = append(later, i)
			continue
		}
		seen[i.Customer] = true
		now = append(now, i)
	}
	return now, later
}

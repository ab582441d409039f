// Nestbox

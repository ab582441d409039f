print("nestbox-runtime")

"""One exchange through every stage, in the order in which request.py names them."""

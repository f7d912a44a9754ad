"""The commands, one by one; `app/__main__.py` names them."""

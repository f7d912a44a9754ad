"""What the command line does, command by command; `app/__main__.py` names them."""

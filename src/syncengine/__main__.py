"""`python -m syncengine` is the command `syncengine`, where that one is not on the path."""

from syncengine.runner.cli import main

if __name__ == "__main__":
    main()

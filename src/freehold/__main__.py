"""Run the command line as ``python -m freehold``."""

from freehold.cli.main import main

if __name__ == "__main__":
    main()

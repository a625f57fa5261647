"""`python -m gateway` is the command `gatehouse`."""

from gateway.cli import main

if __name__ == "__main__":
    main()

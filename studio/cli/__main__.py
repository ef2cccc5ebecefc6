"""`python -m studio.cli` is `studio`."""

import sys

from studio.cli import main

sys.exit(main())

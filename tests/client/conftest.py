from tests.frontend.conftest import ca, frontend, shared

__all__ = ["ca", "frontend", "shared"]

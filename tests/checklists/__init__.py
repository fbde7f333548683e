"""The checklists of .github/CONTRIBUTING.md as tests: a step that was forgotten fails a test that names the place.

Nothing is started here, so all of it takes a few seconds:  python -m pytest tests/checklists
"""

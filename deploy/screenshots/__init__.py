"""Pictures of the console: ``python -m deploy.screenshots`` takes them anew, here.

``shop``      a simulated shop through real workers, on servers of its own
``browser``   a headless Chromium
``pictures``  what is taken of the console in it
"""

"""How Footfall is run: containers, dashboards, and in `deploy.local` a stack for a laptop."""

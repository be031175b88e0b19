"""The images, and what runs in them beside Footfall."""

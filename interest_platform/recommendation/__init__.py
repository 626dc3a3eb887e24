"""What to show each user next: strategies over interactions, and lists made of their scores."""

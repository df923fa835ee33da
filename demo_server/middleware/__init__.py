"""What happens around every request, besides the rate limit."""

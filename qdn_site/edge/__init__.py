"""The edge: the function that ships to CloudFront, and the only calls to CloudFront."""

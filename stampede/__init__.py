"""stampede: will my cache stampede, and which protection should I use?"""

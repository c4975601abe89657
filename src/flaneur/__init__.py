"""flaneur: which city is this street?"""

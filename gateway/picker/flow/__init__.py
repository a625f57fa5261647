"""Who waits, who goes next and who is dropped while the model servers of a pool are full.

Requests wait in flows, flows in bands of one priority. Bands are served from high to low; within a
band a fairness policy names the flow, within a flow an ordering policy names the request. A ceiling
says up to which saturation a band is served, a gate which endpoints have room.
"""
